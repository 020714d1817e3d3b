package lite

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/fault"
)

// ConfigFrom reads the container's environment variables, which the published
// images also support. Hosts is the container's name, under which others in its
// network reach it.
func ConfigFrom(getenv func(string) string) (Config, error) {
	config := Config{UploadDir: "/app/uploads", OutputDir: "/app/processed"}
	if dir := getenv("FACECRAFT_UPLOAD_DIR"); dir != "" {
		config.UploadDir = dir
	}
	if dir := getenv("FACECRAFT_OUTPUT_DIR"); dir != "" {
		config.OutputDir = dir
	}
	if own, err := os.Hostname(); err == nil {
		config.Hosts = []string{own}
	}
	if origins := getenv("FACECRAFT_CORS_ORIGINS"); origins != "" {
		config.CORSOrigins = strings.FieldsFunc(origins, func(r rune) bool { return r == ',' || r == ' ' })
	}
	if text := getenv("FACECRAFT_CLEANUP_AGE_HOURS"); text != "" {
		hours, err := strconv.ParseFloat(text, 64)
		if err != nil || hours <= 0 {
			return config, fault.New(fault.Usage, "use a number of hours", "FACECRAFT_CLEANUP_AGE_HOURS is %q", text)
		}
		config.CleanupAge = time.Duration(hours * float64(time.Hour))
	}
	return config, nil
}
