//go:build !nodynamic

package photo

// Both are nil; heic.go explains why.
var decodeHEIC, decodeAVIF decoder
