package trial

import (
	"context"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inventory"
)

// readSaved reads all layers of an image as the daemon exports it. The daemon
// writes the whole image to a temporary directory of its own first. (moby 39464)
func (d *Daemon) readSaved(ctx context.Context, inv inventory.Inventory, o inventory.Options) (inventory.Inventory, error) {
	if err := d.roomFor(ctx, inv); err != nil {
		return inv, err
	}
	if d.Say != nil {
		d.Say("Docker copies the image to its own disk first: %s", format.Size(max(0, inv.Size())))
	}
	stream, err := d.Docker.ImageSave(ctx, []string{inv.Digest})
	if err != nil {
		return inv, err
	}
	defer stream.Close()
	return inventory.ReadSaved(ctx, inv, stream, o)
}

// roomFor refuses what would fill the daemon's disk. What is not known is no
// reason.
func (d *Daemon) roomFor(ctx context.Context, inv inventory.Inventory) error {
	if d.FreeDisk == nil {
		return nil
	}
	free, err := d.FreeDisk(ctx)
	if err != nil || free >= inv.Size() {
		return nil
	}
	return fault.New(fault.Unrunnable, "use --depth files, or verify the image in its registry: docker://IMAGE",
		"the disk of the Docker daemon is too small: it copies the image first, %s, and %s are free", format.Size(inv.Size()), format.Size(free))
}
