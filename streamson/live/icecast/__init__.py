"""One encoded stream to an Icecast server, which hands it to thousands of ears."""
