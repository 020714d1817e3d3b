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
	answer := func(name string, do func(ctx context.Context, args []string) (any, error)) *cli.Command {
		return &cli.Command{Name: name, ArgsUsage: "ARGUMENTS", Hidden: true, Action: func(c *cli.Context) error {
			result, err := do(c.Context, c.Args().Slice())
			if err != nil {
				return err
			}
			return a.printJSON(result)
		}}
	}
	return []*cli.Command{
		answer(helpercmd.InspectMachineCommand, func(context.Context, []string) (any, error) {
			return helpercmd.InspectMachine(), nil
		}),
		answer(helpercmd.CheckWritableCommand, func(_ context.Context, dirs []string) (any, error) {
			return helpercmd.CheckWritable(dirs), nil
		}),
		answer(helpercmd.ChangeOwnerCommand, func(_ context.Context, args []string) (any, error) {
			return "done", helpercmd.ChangeOwner(args)
		}),
		answer(observe.Command, func(ctx context.Context, args []string) (any, error) {
			var order observe.Order
			err := json.Unmarshal([]byte(args[0]), &order)
			if err != nil {
				return nil, err
			}
			return observe.Do(ctx, order), nil
		}),
		walkCommand(),
	}
}

// walkCommand answers with a stream of its own.
func walkCommand() *cli.Command {
	return &cli.Command{Name: inventory.WalkCommand, ArgsUsage: "ORDER", Hidden: true, Action: func(c *cli.Context) error {
		var order inventory.Order
		if err := json.Unmarshal([]byte(c.Args().First()), &order); err != nil {
			return err
		}
		return order.Obey(c.Context)
	}}
}
