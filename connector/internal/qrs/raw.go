package qrs

import (
	"context"
	"encoding/json"
)

// DataMetadataJSON reads what DataMetadata decodes, as the server sent it: whole and valid JSON.
func (c *Client) DataMetadataJSON(ctx context.Context, appID string) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.appData(ctx, "read data model", appID, "metadata", &out)
	return out, err
}
