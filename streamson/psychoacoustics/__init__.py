"""What is heard of sounds beside one another: critical bands, masking, where alerts are heard."""
