"""The algebra: mean-one noise, one `Drop`, and papers and frameworks as rows of it."""
