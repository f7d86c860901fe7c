# Tells the pet where prompts and commands begin and end, and which (OSC 133), and the folder (OSC 7).
if [[ $- == *i* && -t 1 && ${BUDDY-} != 0 && ${BUDDY_SHELL-} =~ ^[0-9]+$ ]] &&
    kill -0 "$BUDDY_SHELL" 2>/dev/null && [[ ${PROMPT_COMMAND[*]-} != *__buddy_before* ]]; then
    __buddy_before() {
        local code=$?
        [[ -z ${__buddy_ran-} ]] || printf '\e]133;D;%s\a' "$code"
        __buddy_ran=
        if [[ $PWD != "${__buddy_pwd-}" ]]; then
            local REPLY
            __buddy_url "$PWD"
            __buddy_pwd=$PWD __buddy_path=$REPLY
        fi
        printf '\e]7;file://%s%s\a' "${HOSTNAME-}" "${__buddy_path-}"
        return "$code"
    }
    # The prompt may be made anew each time, so that it is looked at each time.
    __buddy_after() {
        local code=$?
        [[ ${PS1-} == *'133;A'* ]] || PS1='\[\e]133;A\a\]'${PS1-}'\[\e]133;B\a\]'
        return "$code"
    }
    __buddy_url() {
        local LC_ALL=C text=$1 byte hex at
        REPLY=
        if [[ $text != *[!A-Za-z0-9/._~-]* ]]; then
            REPLY=$text
            return
        fi
        for ((at = 0; at < ${#text}; at++)); do
            byte=${text:at:1}
            if [[ $byte == [!A-Za-z0-9/._~-] ]]; then
                printf -v hex %d "'$byte"
                printf -v byte %%%02X $((hex & 255))
            fi
            REPLY+=$byte
        done
    }
    # The command is the history's last; its first words say what it is.
    __buddy_words() {
        local REPLY line
        line=$(HISTTIMEFORMAT='' builtin history 1)
        [[ $line =~ ^[\ 0-9*]+(.*)$ ]] && line=${BASH_REMATCH[1]}
        __buddy_url "${line:0:100}"
        printf '%s' "$REPLY"
    }
    __buddy_ran=
    PS0=${PS0-}'\e]133;C;cmdline_url=$(__buddy_words)\a${PS1:$((__buddy_ran=1,0)):0}'
    if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
        PROMPT_COMMAND=(__buddy_before ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"} __buddy_after)
    else
        PROMPT_COMMAND=__buddy_before$'\n'${PROMPT_COMMAND-}$'\n'__buddy_after
    fi
fi
