"""What a visitor takes along from a figure: its picture, its numbers, an animation, and the script that makes it."""
