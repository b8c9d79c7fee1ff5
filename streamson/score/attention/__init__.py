"""Which few of many streams are in front, and what the others sound like."""
