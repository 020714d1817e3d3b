#compdef facecraft -value-,FACECRAFT_INSTANCE,-default-
# zsh completion for facecraft. The program says what may come next; file names
# are completed here.

_facecraft() {
    local -a lines candidates
    local files line program
    local -i ret=1

    if [[ $service == -value-* ]]; then
        lines=("${(@f)$(facecraft complete-instances 2>/dev/null)}")
        candidates=(${lines[2,-1]%%$'\t'*})
        compadd -a candidates
        return
    fi

    program=${(Q)words[1]/#\~/$HOME}
    lines=("${(@f)$($program complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    files=$lines[1]
    for line in $lines[2,-1]; do
        candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    (( ! $#candidates )) || _describe -V facecraft candidates && ret=0

    [[ $files != none ]] || return ret
    [[ $words[CURRENT] != --*=* ]] || compset -P '*='
    case $files in
        directories) _directories && ret=0 ;;
        files) _files && ret=0 ;;
        photos*) _files -g "(#i)*.(${${files#photos }// /|})" && ret=0 ;;
    esac
    return ret
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _facecraft "$@"
else
    compdef _facecraft facecraft -value-,FACECRAFT_INSTANCE,-default-
fi
