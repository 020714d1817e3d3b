package e2e

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestKillLauncher sends SIGKILL to up at fifty random moments. Each time the
// next up must make one working server of what is left, and nothing more.
func TestKillLauncher(t *testing.T) {
	t.Parallel()
	const users, times = 5, 10
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var succeeded atomic.Int32
	var wg sync.WaitGroup
	for i := range users {
		u := newUser(t)
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() { succeeded.Add(int32(survive(u, random, times))) })
	}
	wg.Wait()
	t.Logf("%d of %d", succeeded.Load(), users*times)
	if succeeded.Load() != users*times {
		t.Errorf("an up after a kill failed")
	}
}

// survive kills up so many times, and counts how often the up after it
// succeeded.
func survive(u *user, random *rand.Rand, times int) (succeeded int) {
	up := []string{"up", "--lite", "--quiet"}
	_ = u.command("pull", "--lite", "--quiet").Run()
	begin := time.Now()
	_ = u.command(up...).Run()
	usual := time.Since(begin)
	for range times {
		_ = u.command("down", "--quiet").Run()
		cmd := u.command(up...)
		if err := cmd.Start(); err != nil {
			u.t.Error(err)
			return succeeded
		}
		time.Sleep(time.Duration(random.Int64N(int64(usual))))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		output, err := u.command(up...).CombinedOutput()
		if list := u.containers(); err == nil && len(list) == 1 && list[0].State == "running" {
			succeeded++
		} else {
			u.t.Errorf("up after a kill: %v\n%s%d containers", err, output, len(list))
		}
	}
	_ = u.command("down", "--quiet").Run()
	u.checkNoContainers()
	if n := len(u.helpers()); n != 0 {
		u.t.Errorf("%d helper containers left behind", n)
	}
	u.checkVolumes(2) // the server's
	return succeeded
}
