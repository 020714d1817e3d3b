package cli

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) downCommand() *cli.Command {
	return &cli.Command{
		Name:      "down",
		Usage:     "stop the server; images and volumes stay",
		UsageText: "facecraft down [--purge]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "purge", EnvVars: env("purge"), Usage: "remove its volumes and images too, after asking"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, EnvVars: env("yes"), Usage: "agree to the purge"},
			quietFlag(),
		},
		Before: a.hush,
		Action: a.down,
	}
}

func (a *app) down(c *cli.Context) error {
	s, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer s.close()
	if c.Bool("purge") {
		return s.purge(c.Context, c.Bool("yes"))
	}
	servers, err := s.Servers(c.Context)
	if err != nil {
		return err
	}
	others, err := s.others(c.Context)
	if err != nil {
		return err
	}
	if len(servers)+len(others) == 0 {
		a.ui.Done("no server runs")
	}
	for _, other := range others {
		a.ui.Say("%s at %s was not started by facecraft; docker stop %s stops it", other.Name, other.URL, other.Name)
	}
	return s.stopAll(c.Context)
}

// purge removes all that belongs to the instance, after showing it.
func (s *session) purge(ctx context.Context, yes bool) error {
	users, err := s.images.Users(ctx)
	if err != nil {
		return err
	}
	servers, err := s.Servers(ctx)
	if err != nil {
		return err
	}
	belongings, err := s.Belongings(ctx, users)
	if err != nil {
		return err
	}
	if len(servers)+len(belongings) == 0 {
		s.app.ui.Done("there is nothing to remove")
		s.forget(ctx, users, nil)
		return nil
	}
	if err := s.app.consentToPurge(ctx, servers, belongings, yes); err != nil {
		return err
	}
	if err := s.stopAll(ctx); err != nil {
		return err
	}
	for _, b := range belongings {
		if b.Stays() {
			continue
		}
		if err := s.Remove(ctx, b); err != nil {
			return err
		}
		s.app.ui.Done("%s is removed", b.Name)
	}
	s.forget(ctx, users, belongings)
	return nil
}

// forget gives up the instance's part in all images, but for those that a
// container keeps from being removed: another instance may remove them now.
func (s *session) forget(ctx context.Context, users map[string][]string, belongings []run.Belonging) {
	for image, instances := range users {
		kept := func(b run.Belonging) bool { return len(b.Containers) > 0 && images.Familiar(b.Name) == image }
		if slices.Contains(instances, s.Instance) && !slices.ContainsFunc(belongings, kept) {
			s.images.Forget(ctx, image)
		}
	}
}

func showPurge(ui *term.UI, servers []run.Server, belongings []run.Belonging) {
	ui.Headline("this goes for good:")
	var rows, stay [][2]string
	for _, server := range servers {
		rows = append(rows, [2]string{server.Name, "container, " + server.Status})
	}
	for _, b := range belongings {
		if b.Stays() {
			stay = append(stay, [2]string{b.Name, "stays: used by " + b.UsedBy()})
			continue
		}
		size := "of unknown size"
		if b.Size >= 0 {
			size = plan.Size(b.Size)
		}
		rows = append(rows, [2]string{b.Name, size})
	}
	ui.Table(append(rows, stay...))
}

func (a *app) consentToPurge(ctx context.Context, servers []run.Server, belongings []run.Belonging, yes bool) error {
	ui := a.ui
	if !yes { // nobody agrees to what was not seen
		ui = term.New(a.Stderr, a.Getenv, false)
	}
	showPurge(ui, servers, belongings)
	switch {
	case yes:
		return nil
	case !ui.CanAsk(a.Stdin):
		return fault.New(fault.Declined, "agree with --yes", "--purge removes volumes and images, and nobody is here to agree to it")
	}
	agreed, err := ui.ConfirmLoss(ctx, a.Stdin, "remove all of it?")
	if err == nil && !agreed {
		err = fault.New(fault.Declined, "", "the purge was declined")
	}
	return err
}
