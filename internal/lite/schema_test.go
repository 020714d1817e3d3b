package lite

import (
	"encoding/json"
	"os"
)

func readSchema(name string) object {
	data, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	var schema object
	if err := json.Unmarshal(data, &schema); err != nil {
		panic(err)
	}
	return schema
}
