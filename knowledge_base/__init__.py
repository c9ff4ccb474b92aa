"""What the bot answers: articles, templates, publishing, import and export, and the editor."""
