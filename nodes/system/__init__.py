"""Settings, label and restarts: what is configured, who the box is, when it begins anew."""
