"""What is fitted, applied with numpy alone, and the folder it is stored in."""
