package e2e

import "testing"

// TestRequestError shows the log line with the error of a running server.
func TestRequestError(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--image", u.stub("stumbles"))
	u.expect(5, []string{
		"the server returned HTTP 500", "its log says: RuntimeError: the model is out of tune",
	}, "process", photo(t), "-o", "x.png")
}
