-- The versions of entries from before brokers were provisioned say what then held for the entries themselves.
UPDATE "EntryVersion" SET "entry" = "entry" || '{"whenRetired": "keep"}'
WHERE "collection" IN ('topics', 'consumer-groups') AND NOT "entry" ? 'whenRetired';
