"""Ways to reach a person: message templates, channels, and the post that sends each once."""
