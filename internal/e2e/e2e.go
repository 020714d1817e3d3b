// Package e2e holds the stories of the whole program, tested as it is released:
// on the real Docker Engine where one is there. It is all tests.
package e2e
