"""What goes on which sheet: one file for each kind of sheet."""
