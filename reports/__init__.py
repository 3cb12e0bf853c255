"""What is read out: dashboards, statistics, Excel, Word; changes nothing but its own archive."""
