package inventory

import (
	"bufio"
	"context"
	"encoding/gob"
	"os"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/output"
)

// WalkCommand is the hidden command that examines the files of its container
// according to an Order.
const WalkCommand = "examine-files"

// Order tells a walk what to do, as JSON.
type Order struct {
	Interest Interest
	Root     string   // the directory with the image's files
	Out      string   // the file to write the entries to
	LeaveOut []string // paths that are not part of the image
	Volumes  []string // mounted, but nevertheless part of the image
}

// Obey walks the files and writes what it finds.
func (o Order) Obey(ctx context.Context) error {
	entries, err := Walk(ctx, o.Root, o.Interest, o.leaveOut())
	if err != nil {
		return err
	}
	file, err := output.Create(os.OpenFile, o.Out, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewWriter(file)
	if err := gob.NewEncoder(buffered).Encode(entries); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// leaveOut returns the paths that are not part of the image. In a container of the
// image, these include everything mounted, except for its volumes.
func (o Order) leaveOut() []string {
	if o.Root != "/" {
		return o.LeaveOut
	}
	volume := func(file string) bool {
		return slices.ContainsFunc(o.Volumes, func(v string) bool {
			return strings.Trim(v, "/") == strings.Trim(file, "/")
		})
	}
	return append(o.LeaveOut, slices.DeleteFunc(mounts(), volume)...)
}

// treeOfLayers returns the cache key for the file tree of these layers.
func treeOfLayers(diffIDs []string) string { return "tree " + strings.Join(diffIDs, " ") }

// Recall returns the files found earlier in a container of these layers, whose
// digests the daemon has verified.
func (o Options) Recall(diffIDs []string) ([]Entry, bool) {
	return o.Cache.get(treeOfLayers(diffIDs), scanner{interest: o.Interest})
}

// Remember stores files for the next Recall.
func (o Options) Remember(diffIDs []string, entries []Entry) {
	o.Cache.put(treeOfLayers(diffIDs), scanner{interest: o.Interest}, entries)
}

// RecallLayers fills in the layers' files if all of them were read earlier, and
// otherwise returns false.
func (o Options) RecallLayers(inv *Inventory) (bool, error) {
	layers, limit := slices.Clone(inv.Layers), budget{}
	for i := range layers {
		var ok bool
		if layers[i].Entries, ok = o.Cache.get(layers[i].DiffID, scanner{interest: o.Interest, all: true}); !ok {
			return false, nil
		}
		if err := limit.takeAll(layers[i].Entries); err != nil {
			return false, err
		}
	}
	inv.Layers, inv.Depth = layers, LayersDepth
	return true, inv.merge()
}

// RememberLayers stores the layers for the next RecallLayers.
func (o Options) RememberLayers(inv Inventory) {
	for _, layer := range inv.Layers {
		o.Cache.put(layer.DiffID, scanner{interest: o.Interest, all: true}, layer.Entries)
	}
}

// Measured is a step of a daemon's history, with the bytes it added.
type Measured struct {
	CreatedBy string
	Size      int64
}

// made lists instructions that create a layer even if it is empty; WORKDIR does so
// if the directory is new.
var made = []string{"RUN ", "COPY ", "ADD ", "WORKDIR "}

// SetHistory adds the steps, oldest first. A daemon does not say which of them
// created layers: those with bytes did, and then, until the number is right,
// those whose instructions can.
func (i *Inventory) SetHistory(steps []Measured, exact bool) {
	layers := make([]bool, len(steps))
	left := len(i.Layers)
	mark := func(which func(Measured) bool) {
		for n, step := range steps {
			if left > 0 && !layers[n] && which(step) {
				layers[n] = true
				left--
			}
		}
	}
	mark(func(m Measured) bool { return m.Size > 0 })
	for _, name := range made {
		mark(func(m Measured) bool { return strings.HasPrefix(instruction(m.CreatedBy), name) })
	}
	certain := left == 0
	next := 0
	for n, step := range steps {
		s := Step{Instruction: instruction(step.CreatedBy), Layer: NoLayer}
		if layers[n] && certain {
			s.Layer = next
			if exact {
				i.Layers[next].Size = step.Size
			}
			next++
		}
		i.Config.History = append(i.Config.History, s)
	}
	if !certain || !exact {
		i.Notes = append(i.Notes, "This daemon does not report the layers' exact sizes: hidden bytes are not counted.")
	}
}
