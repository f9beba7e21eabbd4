"""Drawing: styles, text measurement, the page that records blocks, and the tables and kinds of plot that pages share."""
