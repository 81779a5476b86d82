"""The Gradio page: layout, controller, uploads, and the guard in front of Gradio's own routes."""
