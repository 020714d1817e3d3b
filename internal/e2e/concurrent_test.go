package e2e

import (
	"sync"
	"testing"
)

// TestTwoAtOnce end with one container and two successes, also where a server
// is started before it has proved that it can write.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("pull", "--lite")
	for _, flags := range [][]string{{"--lite"}, {"--image", u.stub("old", "0s")}} {
		for range 5 {
			var wg sync.WaitGroup
			for range 2 {
				cmd := u.command(append([]string{"up"}, flags...)...)
				wg.Go(func() {
					if output, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%v\n%s", err, output)
					}
				})
			}
			wg.Wait()
			if n := len(u.containers()); n != 1 {
				t.Errorf("%d containers, want one", n)
			}
			u.run("down")
		}
	}
}
