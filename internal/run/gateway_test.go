package run

import (
	"testing"

	"github.com/djok/facecraft/internal/plan"
)

// TestAbandoned: a gateway is of use as long as one of its servers may answer.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		states []string
		want   bool
	}{
		"all run":       {[]string{"running", "running"}, false},
		"one died":      {[]string{"exited", "running"}, false},
		"one is paused": {[]string{"exited", "paused"}, false},
		"all died":      {[]string{"exited", "dead"}, true},
		"none is left":  {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := []Server{{Name: "door", Role: plan.RoleGateway, State: "running", Port: 8000}}
			for _, state := range tt.states {
				list = append(list, Server{State: state})
			}
			list = behindGateway(list)
			if list[0].Abandoned != tt.want || list[0].ended() != tt.want {
				t.Errorf("abandoned is %t, want %t", list[0].Abandoned, tt.want)
			}
			for _, s := range list[1:] {
				if s.Behind != "door" {
					t.Errorf("%+v is not behind the gateway", s)
				}
			}
		})
	}
}
