package helper

import "errors"

// FreeDisk is asked inside Linux containers only.
func FreeDisk(string) (int64, error) { return 0, errors.ErrUnsupported }
