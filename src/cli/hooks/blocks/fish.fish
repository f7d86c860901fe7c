# A pet beside this shell: buddy-render shell. BUDDY=0 leaves it out.
if status is-interactive; and test -t 0; and test -t 1; and test "$BUDDY" != 0
    and test "$TERM" != dumb; and test -z "$INSIDE_EMACS$MC_SID"
    function __buddy_lives
        string match -qr '^[0-9]+$' -- "$BUDDY_SHELL"; or return 1
        if test -d /proc/self
            test -d /proc/$BUDDY_SHELL
        else
            kill -0 $BUDDY_SHELL 2>/dev/null
        end
    end
    function __buddy_start
        set -l program buddy-render
        if not command -sq $program
            set program $HOME/.cargo/bin/buddy-render
            test -z "$CARGO_HOME"; or set program $CARGO_HOME/bin/buddy-render
            test -x $program; or return 0
        end
        set -l login
        status is-login; and set login -l
        set -l begun
        test -r /proc/uptime; and read begun </proc/uptime
        command $program shell --auto -- (status fish-path) $login
        set -l code $status
        # 125: nothing was started. The others: it could not, it broke, or it was ended at once;
        # so was one that failed (1) or does not know our words (2).
        if contains $code 101 125 126 127 132 134 135 136 137 139 159
            return 0
        end
        if test -n "$begun"; and test $code -eq 1 -o $code -eq 2 -o $code -ge 128
            set -l now
            read now </proc/uptime
            test (math -s0 (string split -f1 ' ' $now) - (string split -f1 ' ' $begun)) -gt 2
            or return 0
        end
        # In a file that is read, `exit` would end the reading alone.
        exec sh -c "exit $code"
    end
    if not __buddy_lives
        __buddy_start
    else if not string match -qr '^([4-9]|[1-9][0-9])\.' -- $version
        # Tells the pet where prompts and commands begin and end, and which (OSC 133), and the folder
        # (OSC 7), which fish does by itself from 4.0 on.
        function __buddy_prompt --on-event fish_prompt
            printf '\e]7;file://%s%s\a' $hostname (string escape --style=url -- $PWD)
            printf '\e]133;A\a'
            if not functions -q __buddy_own_prompt; and functions -q fish_prompt
                functions -c fish_prompt __buddy_own_prompt
                function __buddy_status
                    return $argv[1]
                end
                function fish_prompt
                    set -l code $status
                    __buddy_status $code
                    __buddy_own_prompt
                    printf '\e]133;B\a'
                    return $code
                end
            end
        end
        function __buddy_preexec --on-event fish_preexec
            # Its first words say what it is.
            set -l words (string sub -l 100 -- $argv[1] | string escape --style=url)
            printf '\e]133;C;cmdline_url=%s\a' (string join %0A $words)
        end
        function __buddy_postexec --on-event fish_postexec
            printf '\e]133;D;%s\a' $status
        end
    end
    functions -e __buddy_lives __buddy_start
end
