# fish completion for facecraft. The program says what may come next; file names
# are completed here.

function __facecraft_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
    or return
    printf '%s\n' $answer[2..-1]

    set -l files (string split ' ' -- $answer[1])
    set -l prefix (string match -r '^--[^=]*=' -- $current)
    set -l word (string replace -r '^--[^=]*=' '' -- $current)
    switch $files[1]
        case directories
            printf "$prefix%s\n" (__fish_complete_directories "$word" '')
        case files
            printf "$prefix%s\n" (__fish_complete_path "$word")
        case photos
            set -l pattern '(?i)(?:/|\.(?:'(string join '|' $files[2..-1])'))(?:\t.*)?$'
            printf "$prefix%s\n" (__fish_complete_path "$word" | string match -er $pattern)
    end
end

complete -c facecraft -f -k -a '(__facecraft_complete)'
