"""What responses say together: measures, comparisons, trends, cross-tables, words of texts. Reads; writes its own derived rows."""
