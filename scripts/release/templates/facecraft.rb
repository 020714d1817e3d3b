class Facecraft < Formula
  desc "Professional portraits from ordinary photos, in Docker"
  homepage "https://github.com/djok/facecraft"
  version "{{.version}}"
  license "MIT"

  on_macos do
    on_arm do
      url "{{.base}}/facecraft_darwin_arm64.tar.gz"
      sha256 "{{sha256 "facecraft_darwin_arm64.tar.gz"}}"
    end
    on_intel do
      url "{{.base}}/facecraft_darwin_amd64.tar.gz"
      sha256 "{{sha256 "facecraft_darwin_amd64.tar.gz"}}"
    end
  end

  on_linux do
    on_arm do
      url "{{.base}}/facecraft_linux_arm64.tar.gz"
      sha256 "{{sha256 "facecraft_linux_arm64.tar.gz"}}"
    end
    on_intel do
      url "{{.base}}/facecraft_linux_amd64.tar.gz"
      sha256 "{{sha256 "facecraft_linux_amd64.tar.gz"}}"
    end
  end

  def install
    bin.install "facecraft"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/facecraft.bash" => "facecraft"
    zsh_completion.install "completions/_facecraft"
    fish_completion.install "completions/facecraft.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/facecraft version")
  end
end
