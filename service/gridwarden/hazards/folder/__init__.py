"""一件一档: one case as a folder (zip): its story as a page, photos, documents, history, hashes."""
