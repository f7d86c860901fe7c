# Tells the pet where prompts and commands begin and end, and which (OSC 133), and the folder (OSC 7).
if [[ -o interactive && -t 1 && ${BUDDY-} != 0 && ${BUDDY_SHELL-} == <1-> ]] &&
    kill -0 $BUDDY_SHELL 2>/dev/null; then
    __buddy_precmd() {
        local code=$?
        emulate -L zsh
        [[ -z $__buddy_ran ]] || print -n "\e]133;D;$code\a"
        __buddy_ran=
        if [[ $PWD != $__buddy_pwd ]]; then
            local REPLY
            __buddy_url $PWD
            __buddy_pwd=$PWD __buddy_path=$REPLY
        fi
        print -nr -- $'\e]7;file://'$HOST$__buddy_path$'\a'
        print -n '\e]133;A\a'
        # Only now, so that a widget of the user's, whenever it came, is kept.
        if [[ -z $__buddy_widget ]]; then
            __buddy_widget=1
            autoload -Uz add-zle-hook-widget && add-zle-hook-widget line-init __buddy_line
        fi
        return $code
    }
    __buddy_line() { print -n '\e]133;B\a' }
    __buddy_preexec() {
        __buddy_ran=1
        emulate -L zsh
        local REPLY
        # Its first words say what it is.
        __buddy_url ${1[1,100]}
        print -nr -- $'\e]133;C;cmdline_url='$REPLY$'\a'
    }
    __buddy_url() {
        emulate -L zsh
        setopt no_multibyte
        local LC_ALL=C text=$1 byte hex at
        REPLY=
        for ((at = 1; at <= $#text; at++)); do
            byte=$text[at]
            if [[ $byte == [^A-Za-z0-9/._~-] ]]; then
                printf -v hex %%%02X $(( #byte & 255 ))
                byte=$hex
            fi
            REPLY+=$byte
        done
    }
    typeset -g __buddy_ran= __buddy_pwd= __buddy_path= __buddy_widget=${__buddy_widget-}
    typeset -ga precmd_functions preexec_functions
    precmd_functions=(__buddy_precmd ${precmd_functions:#__buddy_precmd})
    preexec_functions=(__buddy_preexec ${preexec_functions:#__buddy_preexec})
fi
