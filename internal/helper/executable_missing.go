//go:build !linux && !carryhelper

package helper

import "errors"

func executable() ([]byte, error) {
	return nil, errors.New("this build carries no Linux executable; release builds do")
}
