//go:build !nodynamic

package photo

// Both are nil; heic.go says why.
var decodeHEIC, decodeAVIF decoder
