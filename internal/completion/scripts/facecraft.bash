# bash completion for facecraft. The program says what may come next; file
# names are completed here.

_facecraft() {
    local words=() line rest word i current prefix
    # Bash splits words at = and :, which URLs contain. What has no space before
    # it belongs to the word before.
    line=${COMP_LINE:0:COMP_POINT}
    rest=$line
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [ "$i" -ne "$COMP_CWORD" ] || word=${rest#"${rest%%[![:space:]]*}"}
        if [ "$i" -eq 0 ] || [[ $rest == [[:space:]]* ]] || [ -z "$rest" ]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+=$word
        fi
        rest=${rest#"${rest%%[![:space:]]*}"}
        rest=${rest#"$word"}
    done
    current=${words[${#words[@]} - 1]}
    # Bash only replaces what comes after the last = or :.
    prefix=
    case $COMP_WORDBREAKS in
        *:*) [[ $current != *:* ]] || prefix=${current%"${current##*:}"} ;;
    esac
    case $COMP_WORDBREAKS in
        *=*) [[ ${current#"$prefix"} != *=* ]] || prefix=${current%"${current##*=}"} ;;
    esac

    local answer files candidate
    answer=$("$1" complete -- "${words[@]:1}" 2>/dev/null) || return
    COMPREPLY=()
    files=${answer%%$'\n'*}
    while IFS=$'\t' read -r candidate _; do
        [ -z "$candidate" ] || COMPREPLY+=("${candidate#"$prefix"}")
    done <<<"${answer:${#files}}"
    _facecraft_files "$files" "${current#"$prefix"}"
}

# _facecraft_files KIND WORD adds file names.
_facecraft_files() {
    local kind=$1 word=${2#[\"\']} pattern name
    [ "$kind" != none ] || return
    compopt -o filenames 2>/dev/null
    word=${word//\\/}
    while IFS= read -r name; do
        [ -z "$name" ] || COMPREPLY+=("$name")
    done <<<"$(
        case $kind in
            directories) compgen -d -- "$word" ;;
            files) compgen -f -- "$word" ;;
            photos*)
                shopt -s extglob nocasematch
                compgen -d -- "$word"
                pattern=${kind#photos }
                pattern="*.@(${pattern// /|})"
                compgen -f -- "$word" | while IFS= read -r name; do
                    # shellcheck disable=SC2053 # a pattern
                    [ -d "$name" ] || [[ $name != $pattern ]] || printf '%s\n' "$name"
                done
                ;;
        esac
    )"
}

complete -F _facecraft facecraft
