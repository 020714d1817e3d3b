package trial

import (
	"context"

	"github.com/djok/facecraft/internal/inventory"
)

// readSaved reads all layers of an image as the daemon exports it. The daemon
// writes the whole image to a temporary directory of its own first. (moby 39464)
func (d *Daemon) readSaved(ctx context.Context, inv inventory.Inventory, o inventory.Options) (inventory.Inventory, error) {
	stream, err := d.Docker.ImageSave(ctx, []string{inv.Digest})
	if err != nil {
		return inv, err
	}
	defer stream.Close()
	return inventory.ReadSaved(ctx, inv, stream, o)
}
