"""In and out: articles as tables, workbooks, archives and Rasa examples, from the command line and the screens."""
