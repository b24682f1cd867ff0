"""What Quarto calls before it renders."""

from coursework.cli import main

main(["prepare"])
