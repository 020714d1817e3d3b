//go:build !windows

package engine

const homeVariable = "HOME"
