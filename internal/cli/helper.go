package cli

import (
	"context"
	"encoding/json"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/observe"
)

// helperCommands run in helper containers. Each answers with JSON.
func (a *app) helperCommands() []*cli.Command {
	answer := func(name string, do func(ctx context.Context, args cli.Args) (any, error)) *cli.Command {
		return &cli.Command{Name: name, ArgsUsage: "ARGUMENTS", Hidden: true, Action: func(c *cli.Context) error {
			result, err := do(c.Context, c.Args())
			if err != nil {
				return err
			}
			return a.printJSON(result)
		}}
	}
	return []*cli.Command{
		answer(helpercmd.InspectMachineCommand, func(context.Context, cli.Args) (any, error) {
			return helpercmd.InspectMachine(), nil
		}),
		answer(helpercmd.CheckWritableCommand, func(_ context.Context, dirs cli.Args) (any, error) {
			return helpercmd.CheckWritable(dirs.Slice()), nil
		}),
		answer(helpercmd.ChangeOwnerCommand, func(_ context.Context, args cli.Args) (any, error) {
			return "done", helpercmd.ChangeOwner(args.Slice())
		}),
		answer(observe.Command, func(ctx context.Context, args cli.Args) (any, error) {
			order, err := orderOf[observe.Order](args)
			if err != nil {
				return nil, err
			}
			return observe.Do(ctx, order), nil
		}),
		walkCommand(),
	}
}

// walkCommand writes what it finds to the file that the order names.
func walkCommand() *cli.Command {
	return &cli.Command{Name: inventory.WalkCommand, ArgsUsage: "ORDER", Hidden: true, Action: func(c *cli.Context) error {
		order, err := orderOf[inventory.Order](c.Args())
		if err != nil {
			return err
		}
		return order.Obey(c.Context)
	}}
}

// orderOf reads the one argument of a command that takes its order as JSON.
func orderOf[T any](args cli.Args) (order T, err error) {
	err = json.Unmarshal([]byte(args.First()), &order)
	return order, err
}
