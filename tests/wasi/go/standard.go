// A spell in Go that asks its standard library for all that WASI could tell.
package export_wit_world

import (
	"fmt"
	"math/rand/v2"
	"time"

	wit "go.bytecodealliance.org/pkg/wit/types"
	chance "wit_component/spellhost_spell_random"
	spells "wit_component/spellhost_spell_spells"
	terrain "wit_component/spellhost_spell_terrain"
	types "wit_component/spellhost_spell_types"
	. "wit_component/wit_world"
)

type outcome = wit.Result[wit.Unit, string]

var applied = wit.Ok[wit.Unit, string](wit.Unit{})

// What a package keeps is there in every call, as it was when the component was made.
var calls = 0

func Describe() SpellInfo {
	sleep := spells.ParamSpec{
		Name: "sleep", Label: "Sleep", Help: "How long it sleeps, in milliseconds.",
		Default: types.MakeValueInteger(0), Range: wit.Some(spells.Bounds{Min: 0, Max: 1000}),
	}
	return SpellInfo{
		DisplayName: "Standard in Go", Description: "Asks the standard library of Go.",
		Params: []spells.ParamSpec{sleep},
	}
}

func Cast(context CastContext) outcome {
	calls++
	start := time.Now()
	fmt.Printf("wall %d.%09d\n", start.Unix(), start.Nanosecond())
	fmt.Printf("chance %016x random %016x\n", rand.Uint64(), chance.Next())
	fmt.Println("calls", calls, "squares", squares(8))
	order := []int{}
	for key := range map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true} {
		order = append(order, key)
	}
	fmt.Println("order", order)
	println("no end")
	time.Sleep(time.Duration(context.Params[0].Value.Integer()) * time.Millisecond)
	fmt.Println("elapsed", time.Since(start))
	if context.TargetPosition.Y > 500 {
		return wit.Err[wit.Unit]("aimed beyond the sky")
	}
	sphere := terrain.Sphere{Center: context.TargetPosition, Radius: 1, Material: 1, Mode: terrain.FillMode_Add}
	terrain.Apply([]terrain.TerrainOp{terrain.MakeTerrainOpFillSphere(sphere)})
	return applied
}

// The squares below n, each from a goroutine of its own.
func squares(n int) []int {
	found := make(chan int)
	for i := range n {
		go func() { found <- i * i }()
	}
	all := make([]int, n)
	for i := range all {
		all[i] = <-found
	}
	return all
}

func OnEvent(context CastContext, event SpellEvent) outcome { return applied }

func Migrate(from string, state []uint8) wit.Result[[]uint8, string] {
	return wit.Ok[[]uint8, string](state)
}
