package trial

import (
	"context"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inventory"
)

// readSaved reads all layers of an image as the daemon exports it. The daemon
// first writes the whole image to a temporary directory. (moby 39464)
//
// The daemon's image size is used if the layers' sizes are unknown.
func (d *Daemon) readSaved(ctx context.Context, inv inventory.Inventory, size int64, o inventory.Options) (
	inventory.Inventory, error) {
	if known, err := o.RecallLayers(&inv); known || err != nil {
		return inv, err
	}
	size = max(size, inv.Size())
	if err := d.roomFor(ctx, size); err != nil {
		return inv, err
	}
	if d.Say != nil {
		d.Say("Docker copies the image to its own disk first: %s", format.Size(size))
	}
	stream, err := d.Docker.ImageSave(ctx, []string{inv.Digest})
	if err != nil {
		return inv, err
	}
	defer stream.Close()
	if inv, err = inventory.ReadSaved(ctx, inv, stream, o); err == nil {
		o.RememberLayers(inv)
	}
	return inv, err
}

// alwaysRoom is the image size, in bytes, up to which free space is not checked:
// the check takes a second.
const alwaysRoom = 500_000_000

// roomFor returns an error if an image would fill the daemon's disk. Unknown free
// space is not an error.
func (d *Daemon) roomFor(ctx context.Context, size int64) error {
	if d.FreeDisk == nil || size <= alwaysRoom {
		return nil
	}
	free, err := d.FreeDisk(ctx)
	if err != nil || free >= size {
		return nil
	}
	return fault.New(fault.Unrunnable, "use --depth files, or verify the image in its registry: docker://IMAGE",
		"the disk of the Docker daemon is too small: it copies the image first, %s, and %s are free",
		format.Size(size), format.Size(free))
}
