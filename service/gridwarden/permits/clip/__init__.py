"""What a contractor reads of mains: those within the dig area of its own ticket, watermarked."""
