"""Drawing: styles, text measurement, sheets, tables and the kinds of plot that pages share."""
