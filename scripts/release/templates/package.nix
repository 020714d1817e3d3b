{ lib, stdenvNoCC, fetchurl, installShellFiles }:

let
  archives = {
    x86_64-linux = { name = "linux_amd64"; sha256 = "{{sha256 "facecraft_linux_amd64.tar.gz"}}"; };
    aarch64-linux = { name = "linux_arm64"; sha256 = "{{sha256 "facecraft_linux_arm64.tar.gz"}}"; };
    x86_64-darwin = { name = "darwin_amd64"; sha256 = "{{sha256 "facecraft_darwin_amd64.tar.gz"}}"; };
    aarch64-darwin = { name = "darwin_arm64"; sha256 = "{{sha256 "facecraft_darwin_arm64.tar.gz"}}"; };
  };
  archive = archives.${stdenvNoCC.hostPlatform.system};
in
stdenvNoCC.mkDerivation {
  pname = "facecraft";
  version = "{{.version}}";
  src = fetchurl {
    url = "{{.base}}/facecraft_${archive.name}.tar.gz";
    inherit (archive) sha256;
  };
  sourceRoot = ".";
  nativeBuildInputs = [ installShellFiles ];
  installPhase = ''
    install -Dm755 facecraft -t $out/bin
    installManPage man/*.1
    installShellCompletion --bash --name facecraft completions/facecraft.bash
    installShellCompletion --zsh completions/_facecraft
    installShellCompletion --fish completions/facecraft.fish
  '';
  meta = {
    description = "Professional portraits from ordinary photos, in Docker";
    homepage = "https://github.com/djok/facecraft";
    license = lib.licenses.mit;
    mainProgram = "facecraft";
    platforms = builtins.attrNames archives;
  };
}
