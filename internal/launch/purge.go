package launch

import (
	"context"
	"slices"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/run"
)

// Purge removes everything that belongs to the instance, after showing it.
func (l *Launcher) Purge(ctx context.Context, yes bool) error {
	users, err := l.Images.Users(ctx)
	if err != nil {
		return err
	}
	servers, err := l.Servers.List(ctx)
	if err != nil {
		return err
	}
	belongings, err := l.Servers.Belongings(ctx, users)
	if err != nil {
		return err
	}
	kept := l.keptDownloads()
	if len(servers)+len(belongings) == 0 && kept == 0 {
		l.UI.Done("Nothing to remove")
		l.forget(ctx, users, nil)
		return nil
	}
	if err := l.agreeToPurge(ctx, purgeRows(servers, belongings, kept), yes); err != nil {
		return err
	}
	if err := l.StopAll(ctx); err != nil {
		return err
	}
	for _, b := range belongings {
		if b.Stays() {
			continue
		}
		if err := l.Servers.Remove(ctx, b); err != nil {
			return err
		}
		l.UI.Done("Removed %s", b.Name)
	}
	l.forget(ctx, users, belongings)
	if err := l.forgetKey(); err != nil {
		return err
	}
	if kept > 0 {
		return l.ForgetDownloads(ctx)
	}
	return nil
}

// forget gives up the instance's claim to all images, except those that a
// container keeps from being removed. Other instances may then remove them.
func (l *Launcher) forget(ctx context.Context, users map[string][]string, belongings []run.Belonging) {
	for image, instances := range users {
		kept := func(b run.Belonging) bool { return len(b.Containers) > 0 && images.Familiar(b.Name) == image }
		if slices.Contains(instances, l.Instance) && !slices.ContainsFunc(belongings, kept) {
			l.Images.Forget(ctx, image)
		}
	}
}

// purgeRows list what will be deleted, then what is kept.
func purgeRows(servers []run.Server, belongings []run.Belonging, kept int64) [][2]string {
	var rows, stay [][2]string
	for _, server := range servers {
		rows = append(rows, [2]string{server.Name, "container, " + server.Status})
	}
	for _, b := range belongings {
		if b.Stays() {
			stay = append(stay, [2]string{b.Name, "kept: used by " + b.UsedBy()})
			continue
		}
		size := "of unknown size"
		switch {
		case b.Kind == run.Network:
			size = "network"
		case b.Size >= 0:
			size = format.Size(b.Size)
		}
		rows = append(rows, [2]string{b.Name, size})
	}
	if kept > 0 {
		rows = append(rows, [2]string{"unfinished downloads", format.Size(kept)})
	}
	return append(rows, stay...)
}

func (l *Launcher) agreeToPurge(ctx context.Context, rows [][2]string, yes bool) error {
	const headline = "This will be permanently deleted:"
	if yes {
		l.UI.Headline(headline)
		l.UI.Table(rows)
		return nil
	}
	l.Asker.Show(headline, rows)
	return l.consent(ctx, question{text: "Delete all of it?", loss: true, agreeing: "agree with --yes",
		unasked: "--purge removes volumes and images", declined: "the purge was declined"})
}
