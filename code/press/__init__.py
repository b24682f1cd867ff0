"""Makes documents: any report's PDF, executed notebook and zip."""
