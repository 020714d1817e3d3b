// Package e2e tests the whole program as it is released, on the real Docker
// Engine where there is one. Each file tells one story; user_test.go has what
// they share. There is nothing here but tests.
package e2e
