# A pet beside this shell: buddy-render shell. BUDDY=0 leaves it out.
if [[ -o interactive && -t 0 && -t 1 && ${BUDDY-} != 0 && ${TERM-} != dumb ]] &&
    [[ -z ${ZSH_EXECUTION_STRING-}${INSIDE_EMACS-}${MC_SID-} ]] &&
    ! { [[ ${BUDDY_SHELL-} == <1-> ]] && kill -0 $BUDDY_SHELL 2>/dev/null; }; then
    () {
        emulate -L zsh
        local program=${commands[buddy-render]-} shell=zsh begun=$SECONDS code=0
        local -a login
        if [[ -z $program ]]; then
            program=${CARGO_HOME:-$HOME/.cargo}/bin/buddy-render
            [[ -x $program ]] || return 0
        fi
        [[ $SHELL != */zsh ]] || shell=$SHELL
        [[ ! -o login ]] || login=(-l)
        $program shell --auto -- $shell $login || code=$?
        # 125: nothing was started. The others: it could not, it broke, or it was ended at once;
        # so was one that failed (1) or does not know our words (2).
        case $code in
            101|12[567]|132|13[45679]|159) return 0 ;;
        esac
        (( code > 2 && code < 128 || SECONDS - begun > 2 || code == 0 )) || return 0
        exit $code
    }
fi
